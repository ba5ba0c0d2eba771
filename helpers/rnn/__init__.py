"""Random recurrent networks: Lyapunov spectra, the transition to chaos, and training of the spectrum."""
