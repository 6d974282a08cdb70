"""Docker: a store as an image, and replicas that serve it behind a balancer."""
