"""The demonstration company: three legal entities whose hold list shows every kind of reason.

Deterministic (one seeded generator), dated relative to the day it is loaded, and written through the very services that
an ERP and a credit administrator use: what the demonstration shows, the product did.
"""
