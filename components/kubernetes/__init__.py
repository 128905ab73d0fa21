"""What every object of the platform is made with: names, quantities, pods, network policies, volumes, certificates."""
