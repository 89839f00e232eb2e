"""Invisible text of scanned PDFs: the right words on their ink, or words that say something else."""

from __future__ import annotations

import itertools
from random import Random

from pipeline.synth.pdf import HiddenWord
from pipeline.synth.sheet import PlacedWord, Sheet
from pipeline.synth.text import Writer
from pipeline.synth.turn import Turn

_FIRST, _LAST = 33, 126  # the visible characters of ASCII


def right_layer(sheet: Sheet, turn: Turn) -> list[HiddenWord]:
    """The words of the sheet, turned with it."""
    return [HiddenWord(word.text, *turn.point(word.x, word.baseline), turn.degrees, word.font) for word in sheet.words]


def wrong_layer(sheet: Sheet, rng: Random) -> list[HiddenWord]:
    """Text that is not what the page shows, in one of three ways that are met in the wild."""
    return rng.choice((_other_text, _broken_encoding, _stamp))(sheet, rng)


def _other_text(sheet: Sheet, rng: Random) -> list[HiddenWord]:
    """Lines of another document in the places of the page's lines."""
    writer = Writer(rng)
    words: list[HiddenWord] = []
    for _, line in itertools.groupby(sheet.words, key=lambda word: word.line):
        words += _fill_line(list(line), writer)
    return words


def _fill_line(line: list[PlacedWord], writer: Writer) -> list[HiddenWord]:
    font, x, right = line[0].font, line[0].x, line[-1].box[2]
    words: list[HiddenWord] = []
    for text in writer.paragraph(2, 2).split():
        if words and x + font.width(text) > right:
            break
        words.append(HiddenWord(text, x, line[0].baseline, 0.0, font))
        x += font.width(text) + font.space
    return words


def _broken_encoding(sheet: Sheet, rng: Random) -> list[HiddenWord]:
    """Every character moved along the alphabet, as when a font's table of characters is lost."""
    shift = rng.randint(1, 40)
    size = _LAST - _FIRST + 1
    words = []
    for word in sheet.words:
        codes = (_FIRST + (ord(character) - _FIRST + shift) % size for character in word.text)
        words.append(HiddenWord("".join(map(chr, codes)), word.x, word.baseline, 0.0, word.font))
    return words


def _stamp(sheet: Sheet, rng: Random) -> list[HiddenWord]:
    """Nothing but a line that an archive added."""
    writer = Writer(rng)
    font = sheet.words[0].font.scaled(0.8)
    x = 40.0
    words: list[HiddenWord] = []
    for text in f"Digitised {writer.date()} by the archive of {writer.town()}, item {writer.code()}".split():
        words.append(HiddenWord(text, x, sheet.height - 12.0, 0.0, font))
        x += font.width(text) + font.space
    return words
