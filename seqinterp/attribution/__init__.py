"""The modality-free core: one number per example, explained. Nothing here knows DNA or pixels."""
