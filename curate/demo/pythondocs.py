"""Pages of the standard library's documentation, as `pydoc` shows them in a browser.

They are the greater part of the crawl: fluent in places, but signatures and inherited members over and over, so
a classifier that has learnt prose has something to reject.
"""

from __future__ import annotations

import importlib
import inspect
import pydoc
import re
import sys
import sysconfig
from functools import cache
from html import unescape
from types import ModuleType
from typing import Any

from curate.demo.document import Document, without_near_copies

#: Modules whose import does nothing but define things. Those that this Python lacks are left out.
MODULES = """
    abc argparse array ast asyncio.base_events asyncio.base_subprocess asyncio.events asyncio.exceptions
    asyncio.futures asyncio.locks asyncio.proactor_events asyncio.protocols asyncio.queues asyncio.runners
    asyncio.selector_events asyncio.sslproto asyncio.staggered asyncio.streams asyncio.subprocess
    asyncio.taskgroups asyncio.tasks asyncio.timeouts asyncio.transports asyncio.unix_events base64 bdb binascii
    bisect bz2 calendar cmath cmd code codecs codeop collections collections.abc colorsys compileall
    concurrent.futures configparser contextlib contextvars copy csv ctypes ctypes.wintypes dataclasses datetime
    dbm.dumb decimal difflib dis doctest email.charset email.contentmanager email.errors email.feedparser
    email.generator email.header email.headerregistry email.message email.parser email.policy email.utils enum
    errno fcntl filecmp fileinput fnmatch fractions ftplib functools gc getopt getpass gettext glob graphlib grp
    gzip hashlib heapq hmac html.parser http http.client http.cookiejar http.cookies http.server imaplib
    importlib.abc importlib.metadata importlib.resources importlib.util inspect io ipaddress itertools
    json json.decoder json.encoder linecache locale logging logging.config logging.handlers lzma mailbox marshal math
    mimetypes mmap modulefinder multiprocessing.connection multiprocessing.managers multiprocessing.pool
    multiprocessing.process multiprocessing.queues multiprocessing.reduction multiprocessing.shared_memory
    multiprocessing.synchronize netrc ntpath numbers operator optparse os pathlib pdb pickle pickletools
    pkgutil platform plistlib poplib posixpath pprint profile pstats pwd py_compile pyclbr queue quopri random re
    reprlib resource runpy sched secrets select selectors shelve shlex shutil signal smtplib socket socketserver
    sqlite3 ssl stat statistics string struct subprocess symtable sysconfig tabnanny tarfile tempfile
    termios textwrap threading time timeit tokenize tomllib trace traceback tracemalloc types typing unicodedata
    unittest.async_case unittest.case unittest.loader unittest.main unittest.mock unittest.result unittest.runner
    unittest.suite urllib.error urllib.parse urllib.request urllib.response urllib.robotparser uuid warnings wave
    weakref webbrowser wsgiref.handlers wsgiref.headers wsgiref.simple_server wsgiref.types wsgiref.util
    wsgiref.validate xml.dom xml.dom.minidom xml.etree.ElementTree xml.sax.handler xml.sax.saxutils
    xml.sax.xmlreader xmlrpc.client xmlrpc.server zipapp zipfile zipimport zlib zoneinfo
"""

#: Characters of text that a page has at least, and of docstrings that a class or function has for a page of its own.
MIN_PAGE_CHARS = 400
MIN_DOCSTRING_CHARS = 250

_FILE_LINK = re.compile(r'<a href="file:[^"]*">[^<]*</a>(<br>)?')
_INHERITED = re.compile(r"<hr>\s*(?:Methods|[A-Z][a-z]+ methods|Data[a-z ]*|Readonly properties) inherited from")
_TAG = re.compile(r"<[^>]*>")
_ANCESTRY = re.compile(r"<dl><dt>Method resolution order:</dt>.*?</dl>", re.S)
_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")


class _Renderer(pydoc.HTMLDoc):
    """Pages of modules that only link to their classes, which have pages of their own."""

    def docother(self, object: Any, name: str | None = None, mod: Any = None, *ignored: Any) -> str:
        """A datum without its value: that may be this machine's environment, a path, or the time."""
        return f"<strong>{name}</strong>: {type(object).__name__}"

    def docclass(self, object: Any, name: str | None = None, mod: str | None = None, *ignored: Any) -> str:
        """The link to the page of a class."""
        return f'<p><a href="{mod}.{name}.html">class {name}</a></p>'

    def member(self, found: Any, name: str, module: str) -> str:
        """A function; or what a class defines itself, without what it inherits, which its bases' pages show."""
        if inspect.isroutine(found):
            return f"<dl>{self.docroutine(found, name, module)}</dl>"
        return _ANCESTRY.sub("", _INHERITED.split(super().docclass(found, name, module), maxsplit=1)[0])


def documentation_pages(date: str) -> list[Document]:
    """Pages of `MODULES`, of their classes and of their functions, those that say enough.

    Pages that nearly copy one before them are left out, so that the only duplicates are the planted ones.

    Args:
        date: the date of all pages, ISO 8601.
    """
    renderer = _Renderer()
    pages = []
    for name in MODULES.split():
        module = _import(name)
        if module is not None:
            pages.append(_page(renderer, name, renderer.document(module, name), date))
            for label, found in _own_members(module, name):
                pages.append(_page(renderer, f"{name}.{label}", renderer.member(found, label, name), date))
    return without_near_copies([page for page in pages if len(page.text) >= MIN_PAGE_CHARS])


def _import(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:  # another platform, or a Python built without a library
        return None


def _own_members(module: ModuleType, name: str) -> list[tuple[str, Any]]:
    """Documented classes and functions that the module, or the C module behind it, defines."""
    return [
        (label, found)
        for label, found in inspect.getmembers(module, lambda found: inspect.isclass(found) or inspect.isroutine(found))
        if getattr(found, "__module__", None) in (name, f"_{name}")
        and not label.startswith("_")
        and sum(map(len, _docstrings(found))) >= MIN_DOCSTRING_CHARS
    ]


def _docstrings(found: Any) -> list[str]:
    """Those of a function, or of a class and the functions and properties it defines itself."""
    documented = [found]
    if inspect.isclass(found):
        documented += [each for each in vars(found).values() if callable(each) or isinstance(each, property)]
    return [each.__doc__ for each in documented if isinstance(each.__doc__, str)]


def _page(renderer: _Renderer, name: str, contents: str, date: str) -> Document:
    page = scrub(renderer.page(f"Python: {name}", contents))
    text = " ".join(unescape(_TAG.sub(" ", page)).split())
    return Document("common_crawl", f"https://pydoc.example.net/3/{name}.html", name, date, text, page)


def scrub(html: str) -> str:
    """Remove what differs between machines or runs: links to files, object addresses, the interpreter's folders.

    Non-breaking spaces become spaces: `pydoc` has no other, and language identification takes a line for a word.

    >>> scrub('<a href="file:/usr/lib/x.py">/usr/lib/x.py</a><br>&lt;lock&nbsp;at&nbsp;0x7f00&gt;')
    '&lt;lock&gt;'
    """
    html = html.replace("&nbsp;", " ")
    html = _ADDRESS.sub("", _FILE_LINK.sub("", html))
    for folder in _interpreter_folders():
        html = html.replace(folder, "/usr/lib/python")
    return html


@cache
def _interpreter_folders() -> list[str]:
    folders = {sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values()} - {"/usr", "/"}
    return sorted(folders, key=lambda folder: (-len(folder), folder))
