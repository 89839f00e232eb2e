"""The records that every other part speaks, in the order in which the data meets them.

    inputs --sources--> manifest rows        schemas.manifest
                  |
        pages, words, order --> Page         schemas.page   (+ schemas.truth where the source has labels)
                  |
              page shards                    schemas.dataset (generations, unit markers), schemas.index
                  |
               prepare --> TrainSample       schemas.sample
                  |
               stream --> StreamSpec/State   schemas.stream
                  |
               trainer --> checkpoints       schemas.checkpoint

Nothing here opens a file, knows Ray or torch, or imports another package of the project.
"""
