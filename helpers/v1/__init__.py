"""V1 response to MotionClouds: retina/LGN filter bank and ring network."""
