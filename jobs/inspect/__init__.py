"""The inspection tool: one leaf for each verb, put together in `app`.

stats     what a dataset holds, in numbers
listing   ls: rows of the manifest
show      one record, to be read or looked at
lint      every contract of the format, checked
errors    what is not in the shards, by reason
html      all of that and sampled pages in one file
"""
