"""Lines of text in a picture, by the detector's map of probabilities."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.words.ocr.networks import Networks

_LEAST_LONGEST, _MOST_LONGEST = 1280, 1536  # pixels at which the detector sees a page: small scans are enlarged
_ENLARGED = 2.0  # times at most
_INK = 0.3  # probability from which a pixel counts
_SURE = 0.5  # mean probability of a line that is kept
_UNCLIP = 1.9  # the detector marks shrunken lines; they are grown by this times area over perimeter
_LEAST = 3.0  # pixels of the map that a line is high
_MOST = 3000  # lines of a page; a picture of noise has more


def find_lines(networks: Networks, picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Lines of an H x W x 3 RGB picture from top to bottom: N x 4 corners x 2 (x, y) in its pixels, turned rectangles.

    The corners go round from the top left.
    """
    height, width = picture.shape[:2]
    longest = max(height, width)
    scale = min(_ENLARGED, min(max(longest, _LEAST_LONGEST), _MOST_LONGEST) / longest)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    how = cv2.INTER_LINEAR if scale >= 1 else cv2.INTER_AREA
    probability = networks.detect(np.asarray(cv2.resize(picture, size, interpolation=how), dtype=np.uint8))
    quads = lines_of(probability) * np.array([width / size[0], height / size[1]])
    order = np.lexsort((quads[:, 0, 0], quads[:, :, 1].mean(axis=1)))
    return np.asarray(quads[order], dtype=np.float64)


def lines_of(probability: NDArray[np.float32]) -> NDArray[np.float64]:
    """Lines in an H x W map of probabilities, N x 4 x 2 in its pixels; at most 3,000, those that cover most first."""
    mask = cv2.dilate((probability > _INK).astype(np.uint8), np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    if len(contours) > _MOST:
        contours = sorted(contours, key=cv2.contourArea, reverse=True)[:_MOST]
    found = [quad for contour in contours if (quad := _quad(contour, probability)) is not None]
    return np.stack(found) if found else np.zeros((0, 4, 2))


def _quad(contour: NDArray[np.int32], probability: NDArray[np.float32]) -> NDArray[np.float64] | None:
    centre, (width, height), angle = cv2.minAreaRect(contour)
    if min(width, height) < _LEAST or _mean(probability, cv2.boxPoints((centre, (width, height), angle))) < _SURE:
        return None
    grown = width * height * _UNCLIP / (width + height)
    return _from_top_left(cv2.boxPoints((centre, (width + grown, height + grown), angle)))


def _mean(probability: NDArray[np.float32], corners: NDArray[np.float32]) -> float:
    """Mean probability inside of a rectangle."""
    left, top = (max(0, math.floor(v)) for v in corners.min(axis=0))
    right, bottom = (math.ceil(v) + 1 for v in corners.max(axis=0))
    part = probability[top:bottom, left:right]
    inside = np.zeros(part.shape, np.uint8)
    cv2.fillPoly(inside, [(corners - [left, top]).astype(np.int32)], 1)
    return float(cv2.mean(part, inside)[0])


def _from_top_left(corners: NDArray[np.float32]) -> NDArray[np.float64]:
    by_x = corners[np.argsort(corners[:, 0], kind="stable")].astype(np.float64)
    (left_top, left_bottom), (right_top, right_bottom) = (
        pair[np.argsort(pair[:, 1], kind="stable")] for pair in (by_x[:2], by_x[2:])
    )
    return np.stack([left_top, right_top, right_bottom, left_bottom])
