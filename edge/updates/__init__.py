"""Another version of the agent: installed beside the one that runs, tried, kept once it has proved itself."""
