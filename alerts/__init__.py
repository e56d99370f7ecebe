"""An alert's durable life: from judgements to a row, a retained topic, events, and people who act on it."""
