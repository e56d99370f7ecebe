"""The demo: real agents of this machine and replayed footfall, through the same path as everything else."""
