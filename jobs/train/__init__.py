"""The training loop in plain torch: knows a rank and a world size, not who started it.

config      what a run is                     -> RUN/run.json
stream      batches of this rank              (pipeline.stream)
model       LayoutLMv2ForPreTraining          (model)
optim       AdamW, warm-up and decay
loop        step: forward, losses over all ranks, backward, clip, update
checkpoint  weights, optimiser, position      -> RUN/checkpoints/step-N, whole or absent
log         metrics and samples of each step  -> RUN/metrics.jsonl, RUN/samples/rank-R.jsonl, TensorBoard
watch       progress on standard error, told from the metrics
"""
