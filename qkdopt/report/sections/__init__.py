"""Sections of a page, one file each: facts in, HTML out."""
