select
    language_key,
    customer,
    language as code,
    count(distinct user_key) as users
from {{ ref('stg_user_languages') }}
group by language_key, customer, language
order by language_key
