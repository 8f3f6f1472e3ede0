"""What runs beneath everything else: compiled kernels, deadlines, signals, output of libraries."""
