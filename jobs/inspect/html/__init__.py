"""html: a report of a dataset in one file that needs nothing else, no network and no script.

command   the verb
report    everything that is shown, gathered from the dataset
sheet     a page with its overlay: words, lines, reading order
draws     a training sample: what each variant covers and which picture it shows
charts    histograms as geometry
encode    pictures as data: URIs
"""

from jobs.inspect.html.command import html

__all__ = ["html"]
