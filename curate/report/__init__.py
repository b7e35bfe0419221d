"""What is shown to people: progress, funnel, reports."""
