"""An EKS cluster as configuration: `config` its keys, `tiers` what they are by default, `rules` what must fit
together, `plan` what the component is told."""
