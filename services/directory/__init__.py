"""Cities, navigators, projects, topics; publishing; OAuth; who may see what."""
