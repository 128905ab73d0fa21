"""What the rules know of objects: values, workloads, images, volumes, references and owners."""
