FROM stand-in:debian
RUN apt-get update -q && apt-get install -y -q --no-install-recommends openjdk-21-jre-headless \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
