"""curate's own HTML-to-text: a learned choice among the text blocks of a page.

engine      bytes of a page -> blocks, each with its probability, and which to keep
model       what was learnt: word weights and boosted trees, in classifiers/content
render      kept blocks -> text
labels      gold text -> which blocks of a page are in it
learn       labelled pages -> a model
"""

from __future__ import annotations
