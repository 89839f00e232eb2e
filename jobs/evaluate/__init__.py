"""Scores of a dataset of pages against the truth that is found for them: one leaf for each verb, put together in `app`.

words     words and lines
order     reading order
"""
