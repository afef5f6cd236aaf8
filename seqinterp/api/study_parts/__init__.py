"""The parts of a study of a classifier of images, one file each."""
