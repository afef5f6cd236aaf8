"""Only what differs for pictures: labelled sets, splits by patient, augmentation, networks and their training."""
