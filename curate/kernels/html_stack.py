"""The stack of open elements while a page is cut: what begins, what ends, and what that ends or begins with it.

Only block-level elements are on it. The rules are those of the HTML standard that matter for text: implied ends of `p`,
`li`, `dt`, `dd`, `td` and `tr`, end tags that match nothing, and anything that is never closed.
"""

from __future__ import annotations

import numpy as np

from curate.kernels.bare import inlined_njit
from curate.kernels.html_attributes import SAYS_HIDDEN
from curate.kernels.html_page import (
    ATTRIBUTE_FLAGS,
    BLOCK_COUNT,
    DEPTH,
    ELEMENT_COUNT,
    ELEMENT_FLAGS,
    FIRST_BLOCK,
    FIRST_ELEMENT_TOKEN,
    IS_HIDDEN,
    IS_PRE,
    IS_SKIPPED,
    KEEP_NOSCRIPT,
    LAST_BLOCK,
    LINK_OPEN,
    MAX_DEPTH,
    OPEN_ELEMENT,
    OPEN_FLAGS,
    PARENT,
    SAW_BODY,
    SAW_NOSCRIPT,
    STACK_ELEMENT,
    STACK_SAME,
    STACK_SCOPE,
    STACK_SIZE,
    STACK_TAG,
    TAG,
    TOKEN_COUNT,
    TOKENS_USED,
)
from curate.kernels.html_tags import CLOSES_P, PRE, SCOPE, SKIP, TABLE_PART, TAG_FLAGS, tag_id

_P, _LI, _UL, _OL, _MENU, _DIR, _DT, _DD, _DL, _BODY, _NOSCRIPT, _BUTTON = (
    tag_id(name) for name in ["p", "li", "ul", "ol", "menu", "dir", "dt", "dd", "dl", "body", "noscript", "button"]
)
_TABLE, _TBODY, _THEAD, _TFOOT, _TR, _TD, _TH = (
    tag_id(name) for name in ["table", "tbody", "thead", "tfoot", "tr", "td", "th"]
)


@inlined_njit
def open_document(elements, stack, top, state):  # type: ignore[no-untyped-def]
    """The document, element 0, is all that is open."""
    top[:] = -1
    elements[0, :] = 0
    elements[0, PARENT], elements[0, LAST_BLOCK] = -1, -2
    stack[0, :] = 0
    stack[0, STACK_SAME] = -1
    state[ELEMENT_COUNT] = 1
    state[STACK_SIZE] = 1


@inlined_njit
def end_element(tag, elements, stack, top, state):  # type: ignore[no-untyped-def]
    """End the nearest open element of the tag, and all in it, unless a table cell or the like is between."""
    place = top[tag]
    floor = top[_TABLE] if TAG_FLAGS[tag] & TABLE_PART else stack[state[STACK_SIZE] - 1, STACK_SCOPE]
    if place > 0 and place >= floor and tag != _BODY:
        _pop_to(np.int64(place), elements, stack, top, state)


@inlined_njit
def end_before(tag, elements, stack, top, state):  # type: ignore[no-untyped-def]
    """End the elements that end where the tag begins."""
    scope = np.int64(stack[state[STACK_SIZE] - 1, STACK_SCOPE])
    place = _ended_by(tag, scope, top, state)
    if TAG_FLAGS[tag] & CLOSES_P and top[_P] > scope and (place == 0 or top[_P] < place):
        place = np.int64(top[_P])
    if place > 0:
        _pop_to(place, elements, stack, top, state)


@inlined_njit
def _ended_by(tag, scope, top, state):  # type: ignore[no-untyped-def]
    """The place in the stack of the lowest list item or part of a table that a tag ends; 0 if it ends none."""
    place, floor = np.int64(0), scope
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
    return np.int64(place) if place > floor else np.int64(0)


@inlined_njit
def _pop_to(place, elements, stack, top, state):  # type: ignore[no-untyped-def]
    """Take from the stack down to and with `place`."""
    size = state[STACK_SIZE]
    while size > place:
        size -= 1
        top[stack[size, STACK_TAG]] = stack[size, STACK_SAME]
        elements[stack[size, STACK_ELEMENT], LAST_BLOCK] = state[BLOCK_COUNT] - 1
    element = stack[size - 1, STACK_ELEMENT]
    state[STACK_SIZE], state[OPEN_ELEMENT], state[OPEN_FLAGS] = size, element, elements[element, ELEMENT_FLAGS]


@inlined_njit
def push_element(tag, first_token, elements, stack, top, state):  # type: ignore[no-untyped-def]
    """Open an element, whose tokens are those from `first_token`."""
    if state[STACK_SIZE] == MAX_DEPTH:
        _pop_to(np.int64(MAX_DEPTH - 1), elements, stack, top, state)
    size, parent, number = state[STACK_SIZE], state[OPEN_ELEMENT], state[ELEMENT_COUNT]
    flags = state[OPEN_FLAGS] | _own_flags(tag, state)
    elements[number, PARENT], elements[number, TAG], elements[number, DEPTH] = parent, tag, size
    elements[number, ELEMENT_FLAGS] = flags
    elements[number, FIRST_ELEMENT_TOKEN] = first_token
    elements[number, TOKEN_COUNT] = state[TOKENS_USED] - first_token
    elements[number, FIRST_BLOCK], elements[number, LAST_BLOCK] = state[BLOCK_COUNT], -2
    state[OPEN_ELEMENT], state[OPEN_FLAGS] = number, flags
    state[ELEMENT_COUNT] += 1
    scope = stack[size - 1, STACK_SCOPE]
    stack[size, STACK_TAG], stack[size, STACK_SAME], stack[size, STACK_ELEMENT] = tag, top[tag], number
    stack[size, STACK_SCOPE] = size if TAG_FLAGS[tag] & SCOPE else scope
    top[tag] = size
    state[SAW_BODY] |= tag == _BODY
    state[STACK_SIZE] += 1


@inlined_njit
def _own_flags(tag, state):  # type: ignore[no-untyped-def]
    flags = np.int64(IS_HIDDEN if state[ATTRIBUTE_FLAGS] & SAYS_HIDDEN else 0)
    if TAG_FLAGS[tag] & PRE:
        flags |= IS_PRE
    if TAG_FLAGS[tag] & SKIP:
        if tag == _NOSCRIPT:
            state[SAW_NOSCRIPT] = 1
        if not (tag == _NOSCRIPT and state[KEEP_NOSCRIPT]):
            flags |= IS_SKIPPED
    return flags
