select * from {{ ref('raw_stores') }}
