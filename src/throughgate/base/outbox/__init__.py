"""The outbox: messages are written with the facts they tell of, and sent exactly once when those hold."""
