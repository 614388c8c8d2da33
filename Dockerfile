# Ved in an image: the programs, what they need to run, and nothing else. `make image` makes the
# same one without the first stage, from what is built on this machine.
FROM debian:bookworm-slim AS root
WORKDIR /src
COPY Makefile ./
COPY .ci .ci
COPY cmd cmd
COPY controller controller
COPY lang lang
COPY providers providers
RUN .ci/packages run && make && .ci/image-root build/release /image

FROM scratch
COPY --from=root /image /
USER 65532:65532
WORKDIR /stack
ENTRYPOINT ["/usr/bin/ved"]
CMD ["help"]
