# The mail catcher of the local run, with the addresses of Mailpit.
FROM tandem:local
USER root
COPY mailpit.py /mailpit
RUN chmod 755 /mailpit && mkdir -p /data
ENTRYPOINT ["/mailpit"]
