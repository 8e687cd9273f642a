"""Dated rule packs: what the law, the agency or the house says today, as data with its source.

No number of the trade lives in code. A pack is one TOML file: who says so, from when to when, who verified
it, how sure we are, and then the rules of its kind. See docs/policies.md.
"""
