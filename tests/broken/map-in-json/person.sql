select * from (values
  (1, {'scores': map {'math': 'nan'::double}})
) as t(id, home)
