"""Many runs with one question: studies, resilience, sensitivity, reproduction, solvers compared."""
