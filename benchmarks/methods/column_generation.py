METHOD = None
