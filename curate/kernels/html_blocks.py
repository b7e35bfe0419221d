"""HTML to text blocks in one pass over the bytes, without a document tree.

A stack of open elements carries the rules of the HTML standard that matter for text: void elements, implied ends of
`p`, `li`, `dt`, `dd`, `td` and `tr`, end tags that match nothing, raw text of `script` and `style`, and anything
that is never closed. Only block-level elements are on it; of inline elements only an open link is kept. Every step
either moves forward in the page or takes an element from the stack, so time is linear in the size of the page.
"""

from __future__ import annotations

import numpy as np

from curate.kernels.bare import bare_njit, inner_njit
from curate.kernels.hashing import U64
from curate.kernels.html_attributes import HAS_HREF, SAYS_HIDDEN, TAG_TOKEN, read_attributes, read_meta
from curate.kernels.html_page import (
    AT_BYTE,
    ATTRIBUTE_FLAGS,
    BLOCK_BYTE,
    BLOCK_COLUMNS,
    BLOCK_COUNT,
    BLOCK_START,
    DEPTH,
    ELEMENT,
    ELEMENT_COUNT,
    ELEMENT_FLAGS,
    EMPHASIS,
    FIRST_BLOCK,
    FIRST_ELEMENT_TOKEN,
    FIRST_TOKEN,
    FULL,
    GAP_IMAGES,
    GAP_INPUTS,
    GAP_TAGS,
    HIDDEN_DEPTH,
    HIDDEN_TAG,
    IN_WORD,
    IS_HIDDEN,
    IS_PRE,
    IS_SKIPPED,
    KEEP_NOSCRIPT,
    LAST_BLOCK,
    LAST_TOKEN,
    LINK_OPEN,
    LINKS,
    MAX_DEPTH,
    MAX_ROWS,
    OUT,
    PARENT,
    PENDING,
    STACK_ELEMENT,
    STACK_SAME,
    STACK_SCOPE,
    STACK_SIZE,
    STACK_TAG,
    START,
    STOP,
    SVG_UNCLOSED,
    TAG,
    TITLE_START,
    TITLE_STOP,
    TOKEN_COUNT,
    TOKENS_PER_ROW,
    TOKENS_USED,
)
from curate.kernels.html_scan import declaration_end, find_byte, raw_end, tag_end, tag_name
from curate.kernels.html_tags import (
    ATTRIBUTES,
    BLOCK,
    CLOSES_P,
    PRE,
    RAW,
    SCOPE,
    SKIP,
    TABLE_PART,
    TAG_FLAGS,
    find_tag,
    tag_id,
)
from curate.kernels.html_text import line_break, take_text

_LT, _SLASH, _BANG, _QUESTION = 0x3C, 0x2F, 0x21, 0x3F
_TEXT, _START, _END, _DECLARATION = range(4)
_A, _B, _STRONG, _BR, _HR, _IMG, _INPUT, _P, _LI, _UL, _OL, _MENU, _DIR = (
    tag_id(name) for name in ["a", "b", "strong", "br", "hr", "img", "input", "p", "li", "ul", "ol", "menu", "dir"]
)
(
    _TD,
    _TH,
    _TR,
    _TABLE,
    _TBODY,
    _THEAD,
    _TFOOT,
    _DT,
    _DD,
    _DL,
    _BODY,
    _TITLE,
    _SVG,
    _NOSCRIPT,
    _CUSTOM,
    _BUTTON,
    _META,
) = (
    tag_id(name)
    for name in [
        "td",
        "th",
        "tr",
        "table",
        "tbody",
        "thead",
        "tfoot",
        "dt",
        "dd",
        "dl",
        "body",
        "title",
        "svg",
        "noscript",
        "custom-",
        "button",
        "meta",
    ]
)
_SEVEN_BYTES = (1 << 56) - 1


@bare_njit()
def cut_page(data, size, page, entities, keep_noscript):  # type: ignore[no-untyped-def]
    """Cut a page into blocks; False if the arrays are too small.

    Args:
        data: `uint8`, valid UTF-8, and seven or more bytes of anything behind it.
        size: how many bytes are the page.
        page: `curate.kernels.html_page.Page`, with room for `max_text_bytes` of the page.
        entities: `curate.kernels.html_entities.entity_table()`.
        keep_noscript: whether the text of `noscript` counts.
    """
    out, blocks, elements, tokens = page.out, page.blocks, page.elements, page.tokens
    state, counts, stack, top = page.state, page.counts, page.stack, page.top
    _begin(elements, state, counts, stack, top, keep_noscript)
    at, end = np.int64(0), np.int64(size)
    while at < end and not state[FULL]:
        flags = elements[stack[state[STACK_SIZE] - 1, STACK_ELEMENT], ELEMENT_FLAGS]
        mark = _markup(data, at, end)
        if mark == _TEXT:
            if flags & IS_SKIPPED or state[HIDDEN_DEPTH]:
                at = find_byte(data, at + 1, end, np.int64(_LT))
                continue
            at = take_text(data, at, end, flags & IS_PRE != 0, entities, out, counts, state)
            continue
        if mark == _DECLARATION:
            at = declaration_end(data, at + 1, end)
            continue
        key, behind, hyphen = tag_name(data, at + 1 + (mark == _END), end)
        tag = np.int64(_CUSTOM) if hyphen else find_tag(key)
        block = TAG_FLAGS[tag] & BLOCK != 0
        counts[GAP_TAGS] += 1
        if block:
            state[HIDDEN_DEPTH] = 0
            _flush(stack[state[STACK_SIZE] - 1, STACK_ELEMENT], at, out, blocks, counts, state)
        if mark == _END:
            if block:
                _end_block(tag, elements, stack, top, state)
            else:
                _end_inline(tag, state)
                state[HIDDEN_DEPTH] -= state[HIDDEN_DEPTH] > 0 and tag == state[HIDDEN_TAG]
            at = tag_end(data, behind, end)
        elif block:
            place = _end_before(tag, stack, top, state)
            if place > 0:
                _pop_to(np.int64(place), elements, stack, top, state)
            before = _note_tag(key, hyphen, tokens, state)
            at = read_attributes(data, behind, end, tokens, state)
            _push(tag, before, elements, stack, top, state)
            counts[FIRST_TOKEN] = state[TOKENS_USED]
        elif TAG_FLAGS[tag] & RAW:
            at = _raw(data, behind, end, key, tag, state)
        elif TAG_FLAGS[tag] & ATTRIBUTES:
            at = read_attributes(data, behind, end, tokens, state)
            _start_inline(tag, counts, state)
        elif tag == _META:
            at = read_meta(data, behind, end, state)
        else:
            at = tag_end(data, behind, end)
            if tag == _HR:
                _flush(stack[state[STACK_SIZE] - 1, STACK_ELEMENT], at, out, blocks, counts, state)
            _void(tag, counts, state)
    _flush(stack[state[STACK_SIZE] - 1, STACK_ELEMENT], end, out, blocks, counts, state)
    return not state[FULL]


@inner_njit
def _begin(elements, state, counts, stack, top, keep_noscript):  # type: ignore[no-untyped-def]
    state[:] = 0
    state[KEEP_NOSCRIPT] = keep_noscript
    counts[:] = 0
    top[:] = -1
    elements[0, :] = 0
    elements[0, PARENT], elements[0, LAST_BLOCK] = -1, -2
    stack[0, :] = 0
    stack[0, STACK_SAME] = -1
    state[ELEMENT_COUNT] = 1
    state[STACK_SIZE] = 1


@inner_njit
def _markup(data, at, end):  # type: ignore[no-untyped-def]
    """What is at `at`: text (also a `<` that begins nothing), a start tag, an end tag, a comment or the like."""
    if data[at] != _LT or at + 1 >= end:
        return _TEXT
    byte = data[at + 1]
    if 0x61 <= byte | 0x20 <= 0x7A:
        return _START
    if byte in (_BANG, _QUESTION):
        return _DECLARATION
    if byte != _SLASH:
        return _TEXT
    return _END if at + 2 < end and 0x61 <= data[at + 2] | 0x20 <= 0x7A else _DECLARATION


@inner_njit
def _note_tag(key, hyphen, tokens, state):  # type: ignore[no-untyped-def]
    """Note the name of a tag as a token; how many there were before."""
    before = state[TOKENS_USED]
    if before < len(tokens):
        tokens[before] = U64(TAG_TOKEN) | (U64(0) if hyphen else key & U64(_SEVEN_BYTES))
        state[TOKENS_USED] += 1
    else:
        state[FULL] = len(tokens) < MAX_ROWS * TOKENS_PER_ROW
    return before


@inner_njit
def _start_inline(tag, counts, state):  # type: ignore[no-untyped-def]
    if tag == _A:
        state[LINK_OPEN] = state[ATTRIBUTE_FLAGS] & HAS_HREF
        counts[LINKS] += state[LINK_OPEN]
    elif tag in (_B, _STRONG):
        counts[EMPHASIS] += 1
    if state[HIDDEN_DEPTH]:
        state[HIDDEN_DEPTH] += tag == state[HIDDEN_TAG]
    elif state[ATTRIBUTE_FLAGS] & SAYS_HIDDEN:
        state[HIDDEN_TAG], state[HIDDEN_DEPTH] = tag, 1


@inner_njit
def _void(tag, counts, state):  # type: ignore[no-untyped-def]
    if tag == _BR:
        line_break(state)
    elif tag == _IMG:
        counts[GAP_IMAGES] += 1
    elif tag == _INPUT:
        counts[GAP_INPUTS] += 1


@inner_njit
def _end_inline(tag, state):  # type: ignore[no-untyped-def]
    if tag == _A:
        state[LINK_OPEN] = 0
    elif tag == _BR:
        line_break(state)


@inner_njit
def _raw(data, at, end, key, tag, state):  # type: ignore[no-untyped-def]
    """Pass over `script` and the like. A page's first `title` is noted; an `svg` that never ends is no svg."""
    begin = tag_end(data, at, end)
    if tag == _SVG and (state[SVG_UNCLOSED] or data[begin - 2] == _SLASH):
        return begin
    stop = raw_end(data, begin, end, key)
    if tag == _SVG and stop == end:
        state[SVG_UNCLOSED] = 1
        return begin
    if tag == _TITLE and state[TITLE_STOP] == 0:
        state[TITLE_START], state[TITLE_STOP] = begin, stop
    return tag_end(data, stop, end)


@inner_njit
def _end_block(tag, elements, stack, top, state):  # type: ignore[no-untyped-def]
    """End the nearest open element of the tag, and all in it, unless a table cell or the like is between."""
    place = top[tag]
    floor = top[_TABLE] if TAG_FLAGS[tag] & TABLE_PART else stack[state[STACK_SIZE] - 1, STACK_SCOPE]
    if place > 0 and place >= floor and tag != _BODY:
        _pop_to(np.int64(place), elements, stack, top, state)


@inner_njit
def _end_before(tag, stack, top, state):  # type: ignore[no-untyped-def]
    """The place in the stack of the lowest element that ends where the tag begins; 0 if none does."""
    scope = stack[state[STACK_SIZE] - 1, STACK_SCOPE]
    place, floor = np.int64(0), np.int64(scope)
    if tag == _LI:
        place, floor = top[_LI], max(max(top[_UL], top[_OL]), max(max(top[_MENU], top[_DIR]), scope))
    elif tag in (_DT, _DD):
        place, floor = max(top[_DT], top[_DD]), max(top[_DL], scope)
    elif tag in (_TD, _TH):
        place, floor = max(top[_TD], top[_TH]), max(top[_TABLE], top[_TR])
        state[LINK_OPEN] = 0
    elif tag == _TR:
        place, floor = top[_TR], top[_TABLE]
    elif tag in (_TBODY, _THEAD, _TFOOT):
        place, floor = max(top[_TBODY], max(top[_THEAD], top[_TFOOT])), top[_TABLE]
    elif tag == _BUTTON:
        place = top[_BUTTON]
    place = place if place > floor else np.int64(0)
    if TAG_FLAGS[tag] & CLOSES_P and top[_P] > scope and (place == 0 or top[_P] < place):
        place = top[_P]
    return place


@inner_njit
def _pop_to(place, elements, stack, top, state):  # type: ignore[no-untyped-def]
    """Take from the stack down to and with `place`."""
    size = state[STACK_SIZE]
    while size > place:
        size -= 1
        top[stack[size, STACK_TAG]] = stack[size, STACK_SAME]
        elements[stack[size, STACK_ELEMENT], LAST_BLOCK] = state[BLOCK_COUNT] - 1
    state[STACK_SIZE] = size


@inner_njit
def _push(tag, first_token, elements, stack, top, state):  # type: ignore[no-untyped-def]
    """Open an element, whose tokens are those from `first_token`."""
    if state[STACK_SIZE] == MAX_DEPTH:
        _pop_to(np.int64(MAX_DEPTH - 1), elements, stack, top, state)
    size = state[STACK_SIZE]
    parent = stack[size - 1, STACK_ELEMENT]
    number = state[ELEMENT_COUNT]
    if number == len(elements):
        state[FULL] = len(elements) < MAX_ROWS
        number = np.int64(parent)
    else:
        elements[number, PARENT], elements[number, TAG], elements[number, DEPTH] = parent, tag, size
        elements[number, ELEMENT_FLAGS] = elements[parent, ELEMENT_FLAGS] | _own_flags(tag, state)
        elements[number, FIRST_ELEMENT_TOKEN] = first_token
        elements[number, TOKEN_COUNT] = state[TOKENS_USED] - first_token
        elements[number, FIRST_BLOCK], elements[number, LAST_BLOCK] = state[BLOCK_COUNT], -2
        state[ELEMENT_COUNT] += 1
    stack[size, STACK_TAG], stack[size, STACK_SAME], stack[size, STACK_ELEMENT] = tag, top[tag], number
    stack[size, STACK_SCOPE] = size if TAG_FLAGS[tag] & SCOPE else stack[size - 1, STACK_SCOPE]
    top[tag] = size
    state[STACK_SIZE] += 1


@inner_njit
def _own_flags(tag, state):  # type: ignore[no-untyped-def]
    flags = np.int64(IS_HIDDEN if state[ATTRIBUTE_FLAGS] & SAYS_HIDDEN else 0)
    if TAG_FLAGS[tag] & PRE:
        flags |= IS_PRE
    if TAG_FLAGS[tag] & SKIP and not (tag == _NOSCRIPT and state[KEEP_NOSCRIPT]):
        flags |= IS_SKIPPED
    return flags


@inner_njit
def _flush(element, at, out, blocks, counts, state):  # type: ignore[no-untyped-def]
    """End the open block, if it has text, and begin the next at byte `at` of the page."""
    begin, stop = state[BLOCK_START], state[OUT]
    while stop > begin and (out[stop - 1] == 10 or out[stop - 1] == 32 or out[stop - 1] == 9):
        stop -= 1
    if stop > begin:
        number = state[BLOCK_COUNT]
        counts[START] = begin
        if number == len(blocks):
            state[FULL] = len(blocks) < MAX_ROWS
            number -= 1  # past the limit the last block takes the rest
            counts[START] = blocks[number, START]
        counts[STOP], counts[AT_BYTE], counts[ELEMENT] = stop, state[BLOCK_BYTE], element
        counts[LAST_TOKEN] = state[TOKENS_USED]
        for column in range(BLOCK_COLUMNS):
            blocks[number, column] = counts[column]
            counts[column] = 0
        counts[FIRST_TOKEN] = state[TOKENS_USED]
        state[BLOCK_COUNT] = number + 1
        begin = stop
    state[OUT] = begin
    state[BLOCK_START] = begin
    state[IN_WORD], state[PENDING], state[BLOCK_BYTE] = 0, 0, at
