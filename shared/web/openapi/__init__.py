"""Describe the JSON API of a service as an OpenAPI 3.1 document, made from its routes and their guards."""

from shared.web.openapi.document import ApiText, described_headers, document, file_answers

__all__ = ["ApiText", "described_headers", "document", "file_answers"]
