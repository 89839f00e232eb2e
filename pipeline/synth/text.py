"""Text of synthetic documents: a small grammar over the word list, and invented names, amounts, dates and numbers.

    sentence -> [opener ","] clause [conjunction clause] "."
    clause   -> noun phrase [adverb] verb noun phrase [preposition noun phrase]

Everything is drawn from the one `random.Random` that the writer is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from pipeline.synth import words


def _article(noun_phrase: str) -> str:
    return "an" if noun_phrase[0] in "aeiou" else "a"


def _plural(noun: str) -> str:
    if noun.endswith(("s", "sh", "ch", "x")):
        return noun + "es"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


class Writer:
    """Writes sentences, titles and the small facts of documents; same random state, same text."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng

    def _pick(self, choices: Sequence[str]) -> str:
        return choices[self._rng.randrange(len(choices))]

    def _chance(self, probability: float) -> bool:
        return self._rng.random() < probability

    # Sentences.

    def noun(self) -> str:
        return self._pick(words.NOUNS)

    def noun_phrase(self) -> str:
        plural = self._chance(0.3)
        noun = _plural(self.noun()) if plural else self.noun()
        phrase = f"{self._pick(words.ADJECTIVES)} {noun}" if self._chance(0.45) else noun
        determiner = self._pick(words.PLURAL_DETERMINERS if plural else words.DETERMINERS)
        return f"{_article(phrase) if determiner == 'a' else determiner} {phrase}"

    def clause(self) -> str:
        adverb = f"{self._pick(words.ADVERBS)} " if self._chance(0.15) else ""
        text = f"{self.noun_phrase()} {adverb}{self._pick(words.VERBS)} {self.noun_phrase()}"
        if self._chance(0.5):
            text += f" {self._pick(words.PREPOSITIONS)} {self.noun_phrase()}"
        if self._chance(0.12):
            text += self._aside()
        return text

    def _aside(self) -> str:
        number = self._rng.randint(2, 98)
        return self._pick(
            [
                f" ({number} %)",
                f" in {self._rng.randint(1931, 2024)}",
                f" by {number} {self._pick(words.UNITS)}",
                f", about {self.amount(10, 900)},",
                f" [{self._rng.randint(1, 30)}]",
                f" at {self.company()}",
            ]
        )

    def sentence(self) -> str:
        text = self.clause()
        if self._chance(0.35):
            text += f", {self._pick(words.CONJUNCTIONS)} {self.clause()}"
        text = f"{self._pick(words.OPENERS)}, {text}" if self._chance(0.2) else text[0].upper() + text[1:]
        return text.replace(",,", ",").rstrip(",.") + "."

    def paragraph(self, low: int = 3, high: int = 6) -> str:
        """Between `low` and `high` sentences, both included."""
        return " ".join(self.sentence() for _ in range(self._rng.randint(low, high)))

    def title(self, low: int = 3, high: int = 7) -> str:
        """A headline of about `low` to `high` words, its main words capitalised."""
        chosen: list[str] = []
        while len(chosen) < self._rng.randint(low, high):
            chosen.append(f"{self._pick(words.ADJECTIVES)} {self.noun()}" if self._chance(0.4) else self.noun())
            chosen.append(self._pick(("and", "of the", "in the", "for", "without", "under the", "on")))
        text = " ".join(chosen[:-1]).split()
        small = {"and", "of", "the", "in", "for", "on"}
        return " ".join(word if i and word in small else word.capitalize() for i, word in enumerate(text))

    def heading(self) -> str:
        return self._pick(
            [
                f"{self.noun().capitalize()} and {self.noun()}",
                f"{self._pick(words.ADJECTIVES).capitalize()} {_plural(self.noun())}",
                self.noun().capitalize(),
                f"The {self.noun()} of {_plural(self.noun())}",
            ]
        )

    def item(self) -> str:
        """A short description of goods or of a row: three or four words."""
        text = f"{self._pick(words.ADJECTIVES)} {self.noun()} {self.noun()}".capitalize()
        return f"{text} {self._rng.randint(2, 60)}-{self._pick('ABCDEKMX')}" if self._chance(0.3) else text

    # Names and places.

    def surname(self) -> str:
        middle = self._pick(words.NAME_MIDDLES) if self._chance(0.4) else ""
        return self._pick(words.NAME_HEADS) + middle + self._pick(words.NAME_TAILS)

    def given_name(self) -> str:
        return self._pick(words.NAME_HEADS) + self._pick(words.GIVEN_TAILS)

    def person(self) -> str:
        middle = f" {self._pick('ABCDEFGHJKLMNPRSTW')}." if self._chance(0.4) else ""
        return f"{self.given_name()}{middle} {self.surname()}"

    def company(self) -> str:
        kind = f" {self._pick(words.COMPANY_KINDS)}" if self._chance(0.6) else ""
        return f"{self.surname()}{kind} {self._pick(words.COMPANY_TAILS)}"

    def town(self) -> str:
        return self.surname()

    def street(self) -> str:
        return f"{self._rng.randint(1, 420)} {self.surname()} {self._pick(words.STREET_TAILS)}"

    def town_line(self) -> str:
        region = self._pick("ABCDFGKLMNOPRSTVW") + self._pick("ACDEHILNRTXY")
        return f"{self.town()}, {region} {self._rng.randint(10000, 99899)}"

    def phone(self) -> str:
        return f"({self._rng.randint(201, 989)}) 555-01{self._rng.randint(10, 99)}"

    def email(self) -> str:
        return f"{self._pick(('office', 'info', 'desk', 'orders'))}@{self.surname().lower()}.example"

    # Numbers.

    def date(self) -> str:
        """A date between 1951 and 2024 in one of four notations."""
        day, month, year = self._rng.randint(1, 28), self._rng.randint(1, 12), self._rng.randint(1951, 2024)
        name = words.MONTHS[month - 1]
        return self._pick(
            [
                f"{name} {day}, {year}",
                f"{day} {name} {year}",
                f"{month:02d}/{day:02d}/{year % 100:02d}",
                f"{year}-{month:02d}-{day:02d}",
            ]
        )

    def amount(self, low: int, high: int) -> str:
        """An amount of money in dollars, with cents."""
        return f"${self._rng.randint(low * 100, high * 100) / 100:,.2f}"

    def number(self, digits: int) -> str:
        return str(self._rng.randint(10 ** (digits - 1), 10**digits - 1))

    def code(self) -> str:
        """An identification number such as `KD-40217`."""
        return f"{self._pick('ABCDEFHKLMPRSTX')}{self._pick('ABCDEFHKLMPRSTX')}-{self.number(self._rng.randint(3, 6))}"
