"""What a system's service may say of its workload, each part as data: ports, probes, scaling, files, rollout."""
