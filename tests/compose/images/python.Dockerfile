# Debian's Python under the names that the image of Python has.
FROM stand-in:debian
RUN apt-get update -q \
    && apt-get install -y -q --no-install-recommends python3 python3-venv python3-pip python-is-python3 \
    && rm -rf /usr/lib/python3*/EXTERNALLY-MANAGED /var/lib/apt/lists/* /var/cache/apt/*
CMD ["python"]
