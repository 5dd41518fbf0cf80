"""What is asked of the views, and the engines that answer: one per file."""
