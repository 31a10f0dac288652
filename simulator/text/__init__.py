"""Texts as Telegram reads them: entities, parse modes, offsets in UTF-16 code units."""
