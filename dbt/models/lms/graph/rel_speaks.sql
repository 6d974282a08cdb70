select distinct
    user_key,
    language_key,
    customer
from {{ ref('stg_user_languages') }}
order by user_key, language_key
