select distinct product_name
from {{ ref('purchases') }}
where product_name is not null
order by {{ by_bytes('product_name') }}
