"""From accepted samples to judgements: rules, pure detectors, and the jobs that run them."""
