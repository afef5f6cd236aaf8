"""What several public calls share: how inputs, scores, methods and progress are read and told."""
