"""Signatures: MinHash estimates what it says, the perceptual hash is the usual one."""

from __future__ import annotations

import imagehash
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from pipeline.shards.hashes import EMPTY_MINHASH, hamming, minhash, phash, similarity
from schemas.index import MINHASH_SIZE

WORDS = st.lists(st.sampled_from(["alpha", "Beta", "gamma", "DELTA", "ε", "z"]), max_size=30)


def grams(words: list[str]) -> set[tuple[str, ...]]:
    lowered = [word.lower() for word in words]
    return {tuple(lowered[i : i + 5]) for i in range(max(1, len(lowered) - 4))}


@given(WORDS)
def test_a_signature_depends_on_the_words_alone(words: list[str]) -> None:
    signature = minhash(words)
    assert len(signature) == MINHASH_SIZE
    assert all(0 <= value < 2**32 for value in signature)
    assert minhash(tuple(words)) == signature
    assert minhash([word.upper() for word in words]) == minhash([word.lower() for word in words])
    assert similarity(signature, signature) == 1.0


@given(WORDS, WORDS)
def test_the_same_set_of_grams_has_the_same_signature_and_no_other(a: list[str], b: list[str]) -> None:
    if a and b:
        assert (minhash(a) == minhash(b)) == (grams(a) == grams(b))


def test_a_page_without_words_has_a_signature_of_its_own() -> None:
    assert minhash([]) == EMPTY_MINHASH
    assert minhash(["a"]) != EMPTY_MINHASH
    assert minhash(["a", "b"]) != minhash(["ab"])


@pytest.mark.parametrize("shared", [0.0, 0.2, 0.5, 0.8, 1.0])
def test_the_estimate_is_near_the_true_similarity(shared: float) -> None:
    rng = np.random.default_rng(3)
    errors = []
    for _ in range(12):
        common = [f"c{n}" for n in rng.integers(0, 10**9, int(400 * shared))]
        a, b = ([*common, *(f"{x}{n}" for n in rng.integers(0, 10**9, 400 - len(common)))] for x in "ab")
        truth = len(grams(a) & grams(b)) / len(grams(a) | grams(b))
        errors.append(similarity(minhash(a), minhash(b)) - truth)
    # 64 draws: the standard deviation of one estimate is at most 1/16.
    assert abs(np.mean(errors)) < 0.06
    assert max(map(abs, errors)) < 0.25


def test_the_signature_is_part_of_the_format() -> None:
    """Signatures of datasets that were made before must stay comparable."""
    known = (1436519199, 2896091126, 2401803816, 48871606)
    assert minhash(["the", "quick", "brown", "fox", "jumps", "over"])[:4] == known


def page(seed: int, size: tuple[int, int] = (707, 1000)) -> Image.Image:
    """Paragraphs of grey bars: what a page looks like from afar."""
    rng = np.random.default_rng(seed)
    image = Image.new("L", size, 250)
    draw = ImageDraw.Draw(image)
    y = 40
    while y < size[1] - 40:
        if rng.random() < 0.8:
            draw.rectangle((60, y, int(rng.integers(120, size[0] - 50)), y + 11), fill=int(rng.integers(20, 120)))
        y += int(rng.integers(16, 50))
    return image


def as_number(image_hash: imagehash.ImageHash) -> int:
    return int(str(image_hash), 16)


def test_the_perceptual_hash_is_the_usual_one_but_for_a_few_bits() -> None:
    far = []
    for seed in range(20):
        image = page(seed, (700 + 13 * seed, 1000 - 17 * seed))
        far.append(hamming(phash(np.asarray(image)), as_number(imagehash.phash(image))))
    assert np.mean(far) <= 4
    assert max(far) <= 12


def test_small_changes_change_little_and_other_pages_much() -> None:
    for seed in range(8):
        image = page(seed)
        here = phash(np.asarray(image))
        for changed in (
            image.filter(ImageFilter.GaussianBlur(2)),
            image.resize((350, 500)),
            image.point(lambda v: v // 2),
        ):
            assert hamming(here, phash(np.asarray(changed))) <= 8
        assert hamming(here, phash(np.asarray(page(seed + 100)))) > 12


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (31, 33), (40, 40, 3)])
def test_any_size_has_a_hash(shape: tuple[int, ...]) -> None:
    for value in (0, 255):
        assert 0 <= phash(np.full(shape, value, np.uint8)) < 2**64


def test_grey_and_the_same_in_colour_are_equal() -> None:
    grey: NDArray[np.uint8] = np.asarray(page(1))
    assert phash(grey) == phash(np.repeat(grey[..., None], 3, axis=2))


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_hamming_counts_bits(a: int, b: int) -> None:
    assert hamming(a, b) == hamming(b, a) == sum((a >> i & 1) != (b >> i & 1) for i in range(64))
