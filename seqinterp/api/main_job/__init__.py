"""The steps of the main job, from a run folder to its report."""
