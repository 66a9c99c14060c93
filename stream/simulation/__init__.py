"""Simulated filings: a seeded stream that looks like the one-stop counter's.

mix         which class, which text: class frequencies and repetition
wording     typing errors, capitals, texts that code nothing
shapes      the three accepted shapes of a message
malformed   what is no filing at all
filings     the generator that puts them together
"""
