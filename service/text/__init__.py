"""Text with places: folding, words, sentences, clauses and the search for quotes.

Everywhere a place is a half-open range of code points of the text as it was sent.
"""
