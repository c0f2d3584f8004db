"""Keep for which name a certificate was made out, and each file as it was signed

Revision: 0019, after: 0018
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('certificate_document',
    sa.Column('number', sa.String(), nullable=False),
    sa.Column('language', sa.String(), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('document', sa.LargeBinary(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('number', 'language', name=op.f('certificate_document_pkey'))
    )
    op.create_index('certificate_document_digest', 'certificate_document', ['digest'], unique=False)
    op.create_table('certificate_issue',
    sa.Column('number', sa.String(), nullable=False),
    sa.Column('granted', sa.String(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('own_name', sa.String(), nullable=False),
    sa.Column('facts', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('number', name=op.f('certificate_issue_pkey'))
    )
    op.create_index('certificate_issue_granted', 'certificate_issue', ['granted', 'version'], unique=True)


def downgrade() -> None:
    op.drop_index('certificate_issue_granted', table_name='certificate_issue')
    op.drop_table('certificate_issue')
    op.drop_index('certificate_document_digest', table_name='certificate_document')
    op.drop_table('certificate_document')
