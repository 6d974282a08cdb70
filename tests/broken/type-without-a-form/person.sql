select * from (values
  (1, map {'math': 5})
) as t(id, scores)
