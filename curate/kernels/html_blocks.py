"""HTML to text blocks in one pass over the bytes, without a document tree.

Every step either moves forward in the page or takes an element from the stack of open ones (`html_stack`), so time is
linear in the size of the page. Of inline elements only an open link and one that is hidden are kept in mind.
"""

from __future__ import annotations

import numpy as np

from curate.kernels.bare import bare_njit, inlined_njit
from curate.kernels.bits import byte_at
from curate.kernels.blocks import address_of
from curate.kernels.hashing import U64
from curate.kernels.html_attributes import HAS_HREF, SAYS_HIDDEN, TAG_TOKEN, read_attributes
from curate.kernels.html_head import read_head_tag
from curate.kernels.html_page import (
    AT_BYTE,
    ATTRIBUTE_FLAGS,
    BLOCK_BYTE,
    BLOCK_COLUMNS,
    BLOCK_COUNT,
    BLOCK_START,
    ELEMENT,
    ELEMENT_COUNT,
    EMPHASIS,
    FIRST_TOKEN,
    GAP_IMAGES,
    GAP_INPUTS,
    GAP_TAGS,
    HIDDEN_DEPTH,
    HIDDEN_TAG,
    HREF_START,
    HREF_STOP,
    IN_WORD,
    IS_PRE,
    IS_SKIPPED,
    KEEP_NOSCRIPT,
    LAST_TOKEN,
    LINK_AT,
    LINK_OPEN,
    LINKS,
    LINKS_USED,
    OPEN_ELEMENT,
    OPEN_FLAGS,
    OUT,
    PENDING,
    START,
    STOP,
    SVG_UNCLOSED,
    TARGET_START,
    TARGET_STOP,
    TITLE_START,
    TITLE_STOP,
    TOKENS_PER_TAG,
    TOKENS_USED,
)
from curate.kernels.html_scan import declaration_end, find_byte, raw_end, tag_end, tag_name
from curate.kernels.html_stack import end_before, end_element, open_document, push_element
from curate.kernels.html_tags import ATTRIBUTES, BLOCK, RAW, TAG_FLAGS, find_tag, tag_id
from curate.kernels.html_text import line_break, take_text

_LT, _SLASH, _BANG, _QUESTION = 0x3C, 0x2F, 0x21, 0x3F
_TEXT, _START, _END, _DECLARATION = range(4)
_A, _B, _STRONG, _BR, _HR, _IMG, _INPUT, _TITLE, _SVG, _META, _LINK, _HTML, _CUSTOM = (
    tag_id(name)
    for name in ["a", "b", "strong", "br", "hr", "img", "input", "title", "svg", "meta", "link", "html", "custom-"]
)
_RB, _RP, _RT, _RUBY = (tag_id(name) for name in ["rb", "rp", "rt", "ruby"])
_SEVEN_BYTES = (1 << 56) - 1


@bare_njit()
def cut_page(data, first, size, page, entities, keep_noscript):  # type: ignore[no-untyped-def]
    """Cut a page into blocks; where that ended: at `size`, or before a tag for which the arrays have no room.

    Args:
        data: `uint8`, valid UTF-8, and PADDING_BYTES of anything behind it.
        first: where to begin.
        size: how many bytes are the page.
        page: `curate.kernels.html_page.Page`, with room for `max_text_bytes` of the page.
        entities: `curate.kernels.html_entities.entity_table()`.
        keep_noscript: whether the text of `noscript` counts.
    """
    out, counts, state = page.out, page.counts, page.state
    state[:] = 0
    state[KEEP_NOSCRIPT] = keep_noscript
    counts[:] = 0
    page.head[:] = -1
    open_document(page.elements, page.stack, page.top, state)
    state[BLOCK_BYTE] = first
    text, at, end = address_of(data), np.int64(first), np.int64(size)
    while at < end:
        mark = _markup(text, at, end)
        if mark == _TEXT:
            if state[OPEN_FLAGS] & IS_SKIPPED or state[HIDDEN_DEPTH]:
                at = find_byte(text, at + 1, end, np.int64(_LT))
            else:
                preformatted = state[OPEN_FLAGS] & IS_PRE != 0
                at = take_text(text, at, end, preformatted, entities, out, counts, state)
        elif mark == _DECLARATION:
            at = declaration_end(text, at + 1, end)
        elif _has_room(page):
            at = _take_tag(text, at, end, mark == _END, page)
        else:
            break
    _flush(at, out, page.blocks, counts, state)
    return at


@inlined_njit
def _has_room(page):  # type: ignore[no-untyped-def]
    """Whether one more tag fits, which ends one block and opens one element, and the block that is open then."""
    state = page.state
    rows = state[BLOCK_COUNT] + 1 < len(page.blocks) and state[ELEMENT_COUNT] < len(page.elements)
    return rows and state[LINKS_USED] < len(page.links) and state[TOKENS_USED] + TOKENS_PER_TAG <= len(page.tokens)


@inlined_njit
def _markup(text, at, end):  # type: ignore[no-untyped-def]
    """What is at `at`: text (also a `<` that begins nothing), a start tag, an end tag, a comment or the like."""
    if byte_at(text, at) != _LT or at + 1 >= end:
        return _TEXT
    byte = byte_at(text, at + 1)
    if 0x61 <= byte | 0x20 <= 0x7A:
        return _START
    if byte in (_BANG, _QUESTION):
        return _DECLARATION
    if byte != _SLASH:
        return _TEXT
    return _END if at + 2 < end and 0x61 <= byte_at(text, at + 2) | 0x20 <= 0x7A else _DECLARATION


@bare_njit(inline="always")
def _take_tag(text, at, end, is_end, page):  # type: ignore[no-untyped-def]
    """Read the tag at `at`; behind it, and behind the content of `script` and the like."""
    counts, state = page.counts, page.state
    key, behind, hyphen = tag_name(text, at + 1 + is_end, end)
    tag = np.int64(_CUSTOM) if hyphen else find_tag(key)
    flags = TAG_FLAGS[tag]
    counts[GAP_TAGS] += 1
    if flags & BLOCK:
        state[HIDDEN_DEPTH] = 0
        _flush(at, page.out, page.blocks, counts, state)
        if is_end:
            end_element(tag, page.elements, page.stack, page.top, state)
        else:
            end_before(tag, page.elements, page.stack, page.top, state)
            before = _note_tag(key, hyphen, page.tokens, state)
            behind = read_attributes(text, behind, end, page.tokens, state)
            push_element(tag, before, page.elements, page.stack, page.top, state)
            counts[FIRST_TOKEN] = state[TOKENS_USED]
            return behind
    elif is_end:
        _end_inline(tag, page)
    elif tag in (_RB, _RP, _RT):
        _start_annotation(tag, state)
    elif flags & RAW:
        return _pass_raw(text, behind, end, key, tag, state)
    elif flags & ATTRIBUTES:
        if tag == _HTML:
            read_head_tag(text, behind, end, tag, page.head, state)
        behind = read_attributes(text, behind, end, page.tokens, state)
        _start_inline(tag, page)
        return behind
    elif tag in (_META, _LINK):
        return read_head_tag(text, behind, end, tag, page.head, state)
    else:
        return _take_void(tag, tag_end(text, behind, end), page)
    return tag_end(text, behind, end)


@inlined_njit
def _note_tag(key, hyphen, tokens, state):  # type: ignore[no-untyped-def]
    """Note the name of a tag as a token; how many there were before."""
    before = state[TOKENS_USED]
    tokens[before] = U64(TAG_TOKEN) | (U64(0) if hyphen else key & U64(_SEVEN_BYTES))
    state[TOKENS_USED] += 1
    return before


@inlined_njit
def _start_inline(tag, page):  # type: ignore[no-untyped-def]
    counts, state = page.counts, page.state
    if tag == _A:
        state[LINK_OPEN] = state[ATTRIBUTE_FLAGS] & HAS_HREF
        counts[LINKS] += state[LINK_OPEN]
        if state[LINK_OPEN]:
            _note_link(state[HREF_START], state[HREF_STOP], page)
    elif tag in (_B, _STRONG):
        counts[EMPHASIS] += 1
    if state[HIDDEN_DEPTH]:
        state[HIDDEN_DEPTH] += tag == state[HIDDEN_TAG]
    elif state[ATTRIBUTE_FLAGS] & SAYS_HIDDEN:
        state[HIDDEN_TAG], state[HIDDEN_DEPTH] = tag, 1


@inlined_njit
def _start_annotation(tag, state):  # type: ignore[no-untyped-def]
    """Leave out how a Japanese word is read, up to the next annotation, its end, or that of the `ruby` around it."""
    if state[HIDDEN_DEPTH] == 0 or state[HIDDEN_TAG] in (_RP, _RT):
        state[HIDDEN_TAG], state[HIDDEN_DEPTH] = tag, tag != _RB


@inlined_njit
def _take_void(tag, behind, page):  # type: ignore[no-untyped-def]
    """Count an element without content, or of no meaning here; `behind` again."""
    if tag == _BR:
        line_break(page.state)
    elif tag == _IMG:
        page.counts[GAP_IMAGES] += 1
    elif tag == _INPUT:
        page.counts[GAP_INPUTS] += 1
    elif tag == _HR:
        _flush(behind, page.out, page.blocks, page.counts, page.state)
    return behind


@inlined_njit
def _note_link(start, stop, page):  # type: ignore[no-untyped-def]
    """Note that a link begins, and where it leads; or that it ends."""
    row = page.links[page.state[LINKS_USED]]
    row[LINK_AT], row[TARGET_START], row[TARGET_STOP] = page.state[OUT], start, stop
    page.state[LINKS_USED] += 1


@inlined_njit
def _end_inline(tag, page):  # type: ignore[no-untyped-def]
    state = page.state
    if tag == _A:
        if state[LINK_OPEN]:
            _note_link(np.int64(0), np.int64(0), page)
        state[LINK_OPEN] = 0
    elif tag == _BR:
        line_break(state)
    elif tag == _RUBY and state[HIDDEN_TAG] in (_RP, _RT):
        state[HIDDEN_DEPTH] = 0
    state[HIDDEN_DEPTH] -= state[HIDDEN_DEPTH] > 0 and tag == state[HIDDEN_TAG]


@inlined_njit
def _pass_raw(text, at, end, key, tag, state):  # type: ignore[no-untyped-def]
    """Pass over `script` and the like. A page's first `title` is noted; an `svg` that never ends is no svg."""
    begin = tag_end(text, at, end)
    if tag == _SVG and (state[SVG_UNCLOSED] or byte_at(text, begin - 2) == _SLASH):
        return begin
    stop = raw_end(text, begin, end, key)
    if tag == _SVG and stop == end:
        state[SVG_UNCLOSED] = 1
        return begin
    if tag == _TITLE and state[TITLE_STOP] == 0:
        state[TITLE_START], state[TITLE_STOP] = begin, stop
    return tag_end(text, stop, end)


@inlined_njit
def _flush(at, out, blocks, counts, state):  # type: ignore[no-untyped-def]
    """End the open block, if it has text, and begin the next at byte `at` of the page."""
    begin, stop = state[BLOCK_START], state[OUT]
    while stop > begin and (out[stop - 1] == 10 or out[stop - 1] == 32 or out[stop - 1] == 9):
        stop -= 1
    if stop > begin:
        number = state[BLOCK_COUNT]
        counts[START], counts[STOP], counts[AT_BYTE] = begin, stop, state[BLOCK_BYTE]
        counts[ELEMENT] = state[OPEN_ELEMENT]
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
