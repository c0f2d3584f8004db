"""In which formats do figures leave the house? Each feed takes figures that have passed the gate, and nothing else."""
