"""How an approval runs: the designed flow, the instance that follows it, and what people do to it."""
