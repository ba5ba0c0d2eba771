#ifndef _INCLUDED_ll_mon_post_codeobject
#define _INCLUDED_ll_mon_post_codeobject

void _run_ll_mon_post_codeobject();

void _debugmsg_ll_mon_post_codeobject();

#endif
