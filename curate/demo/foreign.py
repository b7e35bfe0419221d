"""Pages in other languages, written for the demo corpus, so that the language filter has something to find."""

from __future__ import annotations

from curate.demo.document import Document

#: Language, charset, whether the HTTP header names it (else only `<meta>` does), title, paragraphs.
PAGES = (
    (
        "de",
        "iso-8859-1",
        True,
        "Der Markt am Samstagmorgen",
        "Jeden Samstag bauen die Händler ihre Stände schon vor Sonnenaufgang auf. Es riecht nach frischem Brot, nach "
        "Käse und nach den ersten Äpfeln des Jahres. Wer früh kommt, hat die größte Auswahl, wer spät kommt, zahlt "
        "oft nur die Hälfte.\n\n"
        "Die alte Frau mit den Blumen steht seit über vierzig Jahren an derselben Ecke. Sie kennt ihre Kunden beim "
        "Namen und weiß, wer lieber Tulpen und wer lieber Nelken kauft. Früher, erzählt sie, kamen die Bauern noch "
        "mit dem Pferdewagen in die Stadt, und im Winter wärmte man sich an einem kleinen Ofen hinter der Bude.\n\n"
        "Gegen Mittag wird es ruhiger. Die Kinder bekommen noch eine Scheibe Wurst geschenkt, dann packen alle "
        "zusammen, und am Nachmittag erinnert nur noch ein wenig Stroh auf dem Pflaster daran, dass hier Markt war.",
    ),
    (
        "de",
        "utf-8",
        True,
        "Mit dem Fahrrad über den Pass",
        "Die Straße beginnt gemütlich zwischen Obstwiesen, doch nach der letzten Brücke wird sie steil. Wir hatten uns "
        "vorgenommen, ohne Pause bis zur Hütte zu fahren, aber schon nach einer Stunde saßen wir im Gras und teilten "
        "unser letztes Wasser.\n\n"
        "Oben war es so kalt, dass wir alle Jacken anzogen, die wir dabeihatten. Dafür sahen wir weit über die Täler, "
        "und in der Ferne glänzte der See wie ein Stück Metall. Der Wirt brachte uns heiße Suppe und fragte, warum "
        "man sich so etwas freiwillig antue. Eine Antwort fiel uns nicht ein.\n\n"
        "Die Abfahrt dauerte kaum eine halbe Stunde. Unten roch es nach Heu, und niemand von uns wollte zugeben, wie "
        "müde er war.",
    ),
    (
        "fr",
        "windows-1252",
        False,
        "La bibliothèque du quartier",
        "La bibliothèque occupe l’ancienne école, juste derrière l’église. On y entre par une petite cour où "
        "pousse un figuier, et l’on entend dès la porte le bruit des pages que l’on tourne. Les enfants s’installent "
        "au fond, près de la fenêtre, là où la lumière reste douce jusqu’au soir.\n\n"
        "Le bibliothécaire a lu presque tous les livres qu’il prête. Quand on hésite, il pose deux questions, "
        "réfléchit un instant et revient avec un volume un peu usé. Il se trompe rarement. Les habitués disent qu’il "
        "connaît mieux leurs goûts que leurs propres familles.\n\n"
        "L’hiver dernier, la mairie voulait fermer la salle pour économiser le chauffage. Tout le quartier a signé une "
        "lettre, même ceux qui ne lisent jamais, et la bibliothèque est restée ouverte.",
    ),
    (
        "fr",
        "utf-8",
        True,
        "Une journée de pêche",
        "Nous sommes partis avant l’aube, dans une barque qui sentait encore la peinture. Mon grand-père ramait sans "
        "parler, et je comptais les lumières qui s’éteignaient une à une sur la rive. La rivière était si calme que "
        "l’on voyait les étoiles au fond de l’eau.\n\n"
        "Pendant trois heures, rien ne mordit. Il m’apprit alors à reconnaître les oiseaux à leur cri, à lire le vent "
        "dans les roseaux et à faire un nœud qui ne lâche pas. Quand enfin la ligne se tendit, j’étais si surpris que "
        "je laissai tout tomber.\n\n"
        "Nous sommes rentrés sans poisson mais avec un seau plein de mûres, et personne à la maison n’a cru notre "
        "histoire.",
    ),
    (
        "es",
        "iso-8859-1",
        False,
        "El taller de mi abuela",
        "Mi abuela cosía en una habitación pequeña que daba al patio. Tenía una máquina negra, muy pesada, y una caja "
        "de galletas llena de botones que yo ordenaba por colores las tardes de lluvia. Decía que cada botón recordaba "
        "el abrigo del que venía.\n\n"
        "Los vecinos le llevaban camisas rotas, cortinas viejas y hasta las banderas de la fiesta del pueblo. Ella "
        "nunca cobraba a los que no podían pagar, pero apuntaba todo en un cuaderno, por si acaso algún día se "
        "acordaban. Muchos se acordaron.\n\n"
        "Hoy la máquina está en mi casa. No sé coser bien, pero a veces muevo la rueda con la mano para escuchar ese "
        "ruido, y la habitación pequeña vuelve a estar llena de luz.",
    ),
    (
        "es",
        "utf-8",
        True,
        "El último tren de la tarde",
        "El último tren sale a las ocho y cuarto, y en el pueblo todos lo saben. A esa hora el jefe de estación apaga "
        "la radio, se pone la gorra y sale al andén aunque no haya nadie esperando. Dice que un tren merece siempre "
        "que alguien lo despida.\n\n"
        "Hace años viajaban en él los estudiantes, las maestras y los hombres de la fábrica. Ahora apenas suben dos o "
        "tres personas, casi siempre las mismas, que se saludan con la cabeza y se sientan lejos unas de otras.\n\n"
        "Cuando el ruido se pierde detrás de la colina, el jefe barre el andén despacio. Después cierra la puerta y "
        "camina hasta su casa, donde la cena ya está en la mesa.",
    ),
    (
        "it",
        "utf-8",
        True,
        "Il pane della domenica",
        "Ogni domenica mio padre si alzava prima di tutti per accendere il forno. L’impasto aveva riposato tutta la "
        "notte sotto una coperta di lana, come un bambino, e la cucina era piena di un odore che non ho più sentito "
        "da nessun’altra parte.\n\n"
        "Quando il pane era pronto, ne portava uno alla vicina, che viveva sola, e uno al medico, che non voleva mai "
        "essere pagato. Noi aspettavamo in silenzio, perché nessuno poteva toccare la crosta prima di lui.\n\n"
        "Adesso che il forno è spento da molti anni, provo ogni tanto a rifare quella ricetta. Non viene male, "
        "ma manca sempre qualcosa, e credo che sia proprio quell’attesa.",
    ),
    (
        "pt",
        "utf-8",
        True,
        "A casa junto ao mar",
        "A casa dos meus tios ficava tão perto do mar que, nas noites de tempestade, a água chegava quase à porta. "
        "Dormíamos todos no mesmo quarto, ouvíamos o vento nas telhas e inventávamos histórias de navios perdidos "
        "que voltavam sempre antes do amanhecer.\n\n"
        "De manhã, a praia estava coberta de algas, cordas e pedaços de madeira. O meu tio guardava tudo o que podia "
        "servir e dizia que o mar devolve sempre aquilo que não lhe pertence. Com essa madeira construiu a mesa onde "
        "ainda hoje almoçamos aos domingos.\n\n"
        "A casa foi vendida há muito tempo, mas eu continuo a passar por lá quando posso, só para ver se a janela azul "
        "ainda está aberta.",
    ),
    (
        "nl",
        "utf-8",
        True,
        "Schaatsen op de plas",
        "Als het een week lang had gevroren, kwam de meester de klas binnen en zei dat we onze boeken konden laten "
        "liggen. Iedereen wist wat dat betekende. Een half uur later stonden we met rode wangen op het ijs, en wie nog "
        "niet kon schaatsen kreeg een oude keukenstoel om achter te lopen.\n\n"
        "Aan de rand van de plas verkocht een man warme chocolademelk uit een grote ketel. Hij zei dat hij vroeger "
        "de hele tocht had gereden, langs alle dorpen, in het donker en tegen de wind in. Niemand geloofde hem, maar "
        "we bleven toch luisteren.\n\n"
        "Toen de zon onderging werd het ijs rood en daarna grijs, en we liepen met stijve benen naar huis.",
    ),
)


def foreign_pages(host: str, date: str) -> list[Document]:
    """The pages as documents of the crawl."""
    return [
        Document("common_crawl", f"https://{host}/{language}/{row}.html", title, date, text, "", charset, in_header)
        for row, (language, charset, in_header, title, text) in enumerate(PAGES)
    ]
